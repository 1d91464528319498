"""Generated pictures: scenes, motion, blur, and the benchmark made of them."""
