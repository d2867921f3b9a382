"""A receipt printer made of bytes and dots: what the simulated printer is built of."""
