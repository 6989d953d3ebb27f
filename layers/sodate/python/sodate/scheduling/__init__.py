"""The due index: entries by minute, lanes, cursors, the poller."""
