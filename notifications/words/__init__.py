"""What messages say: templates anyone can edit, their shipped texts, and how they are set."""
