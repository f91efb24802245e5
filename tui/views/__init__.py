"""From values to text: pure functions, each the content of one pane."""
