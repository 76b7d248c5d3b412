"""What happens: one file per verb, each a function that reads, computes and writes."""
