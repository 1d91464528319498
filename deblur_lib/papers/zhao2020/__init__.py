"""zhao2020: blind video deblurring with a bidirectional flow of features."""
