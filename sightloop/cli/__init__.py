"""The command line: one file per verb group; heavy imports only when a command runs."""
