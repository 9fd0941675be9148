"""The login form, and prompts where no form can be shown."""
