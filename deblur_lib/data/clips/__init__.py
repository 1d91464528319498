"""Videos: frames, optical flow, and clips with the blur made from it."""
