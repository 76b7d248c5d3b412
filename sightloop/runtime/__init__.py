"""Where predictors run: encoded bytes in, answers out."""
