"""Clock, ids, deadlines: words without business."""
