"""What a trained network needs on its way into use: gates folded, examined, put in, told what is padding; 8 bits, tiles."""
