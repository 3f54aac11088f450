"""Tables of patient sizes: how a file is understood, and what its rows tell."""
