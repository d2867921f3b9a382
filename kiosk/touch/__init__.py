"""Is the touch panel well: what normal use shows of it, and the grid that a technician draws over."""
