"""The methods that trained networks are measured against, fitted to the same pictures.

One file each: a frozen dataclass of its settings, whose `fit(sketches, photos, seed)` gives the
function that encodes items; libraries do the work. `size` is the side of the pictures that it
reads, `learns` whether it looks at those it is given to fit, `random` whether the seed matters,
`binary` whether it encodes to bits.
"""
