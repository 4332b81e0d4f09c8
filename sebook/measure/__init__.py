"""What SE costs: counted, timed, and as the paper reports it."""
