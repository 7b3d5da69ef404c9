"""The little language of manifests: paths, references, trees and conditions."""
