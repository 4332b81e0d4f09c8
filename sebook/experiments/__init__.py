"""What was trained and measured for the chapters: profiles of gates, ablations, controls, attribution, linear probes."""
