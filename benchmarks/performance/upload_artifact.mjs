// Uploads a folder's files with GitHub's own client, as actions/upload-artifact does: NAME FOLDER [LEVEL].
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DefaultArtifactClient } from "@actions/artifact";

const [name, folder, level] = process.argv.slice(2);
const files = readdirSync(folder).map((file) => join(folder, file));
const options = level === undefined ? {} : { compressionLevel: Number(level) };
await new DefaultArtifactClient().uploadArtifact(name, files, folder, options);
