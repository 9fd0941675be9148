"""The login form, and the prompts that stand in for it where no form can be shown."""
