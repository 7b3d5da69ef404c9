"""What the files of a connector may say, and how their faults are told."""
