"""What is measured for the chapter on shipping, with tools that the book itself doesn't need."""
