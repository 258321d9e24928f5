"""Builds the image from the Dockerfile for real, and tries it: `make image`, with Docker or Podman, or as root on Debian with buildah."""
