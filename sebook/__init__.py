"""What the book does with :mod:`senet`: widgets, checks, experiments, measurements, pages, and the command line."""
