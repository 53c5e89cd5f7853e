"""What customers are worth: the tiers and whom they hold."""
