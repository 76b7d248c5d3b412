"""Servers that get a copy of the experiment log; nothing is ever read back from them but ids."""
