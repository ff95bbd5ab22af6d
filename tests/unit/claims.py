"""The claims that ship, and all ids that they may name."""

from pickbench.findings.reading import SCHEMA, read_findings
from tests.conftest import ROOT

CLAIMS = ROOT / "resources" / "findings.yaml"
KNOWN = {
    "models": sorted(path.stem for path in (ROOT / "config" / "models").glob("*.yaml")),
    "datasets": sorted(path.stem for path in (ROOT / "config" / "datasets").glob("*.yaml")),
}
FINDINGS = {finding.id: finding for finding in read_findings(CLAIMS, ROOT / SCHEMA, **KNOWN)}
