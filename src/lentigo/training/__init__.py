"""Training: recipes, losses, phases, augmentation and the loop. Recipes alone need no torch."""
