"""For whoever runs the studio: is it alive, is it ready, how is it doing."""
