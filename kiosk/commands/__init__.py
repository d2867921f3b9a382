"""What the words of the command line do; `kiosk.cli` reads the words, these do the work, one module a noun."""
