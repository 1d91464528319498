"""What a notebook calls: the room of a paper, its parameters, its execution."""
