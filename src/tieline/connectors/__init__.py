"""Speak to vendors as their manifests say."""
