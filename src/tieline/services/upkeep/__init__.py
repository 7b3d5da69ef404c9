"""Vendors' subscriptions that end by themselves: made, renewed in time, made anew when lost, ended when no longer wanted."""
