"""Picture files: headers, depth, colour; reading and writing."""
