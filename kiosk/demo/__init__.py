"""The demo: a real bill service, simulated parts, and the real program between them."""
