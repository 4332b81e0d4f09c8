"""What the published pages are made of: galleries, drawings, code in colours, networks for the browser."""
