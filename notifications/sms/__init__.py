"""Text messages: how long they are, to whom and from whom they may go, and who carries them."""
