"""What a request asks: its path, its options, its selectors, its body, and the form of answer it accepts."""
