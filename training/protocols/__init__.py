"""The field's protocols: what is searched by what, and what may have been trained on."""
