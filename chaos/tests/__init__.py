"""What chaos concludes from journals and seeds, without a process."""
