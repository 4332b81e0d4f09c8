"""Looking inside: what a network computed for single pictures, and what its gates do on average."""
