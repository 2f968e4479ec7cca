"""How the page looks: on a telephone, in the dark, and to eyes that see few colours."""

# Okabe and Ito's blue and vermilion: told apart by every kind of colour vision.
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b646d; --paper: #fff;
  --panel: #f5f7f9; --line: #d8dde2; --sketch: #0072b2; --photo: #d55e00; --error: #b3261e;
  --warning: #8a5a00; --fine: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebee; --faint: #9aa4ae;
  --paper: #14171a; --panel: #1c2126; --line: #343b42; --sketch: #56b4e9; --photo: #e69f00;
  --error: #ff8a80; --warning: #f2c14e; --fine: #3fb950; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: 0 0 .75rem; }
.faint { color: var(--faint); }
.fine { color: var(--fine); font-weight: 600; }
ul.anomalies { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.anomalies > li { border-left: .3rem solid var(--kind); background: var(--panel);
  padding: .55rem .8rem; border-radius: .25rem; overflow-wrap: anywhere; }
.error { --kind: var(--error); } .warning { --kind: var(--warning); }
.anomalies b { color: var(--kind); }
code { font-size: .85em; color: var(--faint); }
details { margin-top: .3rem; } summary { cursor: pointer; color: var(--faint); }
.anomalies details li { font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 600; } td:first-child, th:first-child { text-align: left; padding-left: 0; }
.charts { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
.charts > div { min-width: 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--faint); font-size: 11px; }
.sketch { fill: var(--sketch); } .photo { fill: var(--photo); }
.axis { stroke: var(--line); stroke-width: 1; }
.legend span { display: inline-flex; align-items: center; gap: .35rem; margin-right: 1rem; }
.legend i { width: .8rem; height: .8rem; border-radius: .15rem; }
.legend .sketch { background: var(--sketch); } .legend .photo { background: var(--photo); }
.classes { display: grid; gap: .3rem 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
.classes > div { display: grid; grid-template-columns: minmax(5rem, 9rem) 1fr; gap: .6rem;
  align-items: center; font-size: .9rem; }
.classes .name { overflow-wrap: anywhere; line-height: 1.2; }
.bar { display: flex; align-items: center; gap: .35rem; font-size: .75rem; color: var(--faint);
  line-height: 1.15; }
.bar i { height: .55rem; min-width: 1px; border-radius: 0 .15rem .15rem 0; }
.bar .sketch { background: var(--sketch); } .bar .photo { background: var(--photo); }
.gallery { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); }
figure { margin: 0; min-width: 0; }
.picture { aspect-ratio: 1; background: #fff; border: 1px solid var(--line); border-radius: .4rem;
  overflow: hidden; padding: 4px; }
.picture img { width: 100%; height: 100%; object-fit: contain; display: block; }
figcaption { font-size: .78rem; line-height: 1.25; padding-top: .3rem; overflow-wrap: anywhere;
  color: var(--faint); }
@media (max-width: 36rem) { table { font-size: .82rem; } th, td { padding: .25rem .35rem; } }
"""
