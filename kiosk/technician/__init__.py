"""Everything a technician does at a terminal but the screens: getting in, testing, setting up, taking it down."""
