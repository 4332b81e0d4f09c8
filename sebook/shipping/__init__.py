"""What a trained network needs on its way into use: gates folded away, examined, put in, and told what is padding."""
