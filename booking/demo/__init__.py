"""An invented but believable Département, for demonstrations, screenshots and trials."""
