import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";

const script = fileURLToPath(new URL("../../scripts/emoji-manifest.ts", import.meta.url));

test("the emoji manifest lists every picture of the package once, with its category", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tsimcne-emoji-"));
  try {
    const manifest = path.join(folder, "new", "emoji.csv");
    execFileSync(process.execPath, ["--import", "tsx", script, "--out", manifest], { stdio: "pipe" });
    const rows: { path: string; label: string }[] = parse(readFileSync(manifest), { columns: true });
    assert.ok(rows.length > 3700, `${rows.length} pictures`);
    assert.equal(new Set(rows.map((row) => row.path)).size, rows.length);
    assert.ok(rows.every((row) => existsSync(path.resolve(folder, "new", row.path))));
    const labelOf = new Map(rows.map((row) => [path.basename(row.path), row.label]));
    assert.equal(labelOf.get("1f600.png"), "Smileys & Emotion");
    assert.equal(labelOf.get("1f1e8-1f1ed.png"), "Flags");
    assert.equal(labelOf.get("1f44b-1f3fb.png"), "People & Body", "a skin tone has its emoji's category");
    assert.equal(new Set(labelOf.values()).size, 10);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
