"""What naas is measured beside. Each is a program of its own, so that its CPU time and memory are its own."""
