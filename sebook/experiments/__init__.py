"""What was trained and measured for the chapters: ablations, controls, attribution, linear probes."""
