// Downloads an artifact with GitHub's own client, as actions/download-artifact does: NAME FOLDER -> the artifact as JSON.
import { DefaultArtifactClient } from "@actions/artifact";

const [name, path] = process.argv.slice(2);
const client = new DefaultArtifactClient();
const { artifact } = await client.getArtifact(name);
const { digestMismatch } = await client.downloadArtifact(artifact.id, { path, expectedHash: artifact.digest });
console.log(JSON.stringify({ ...artifact, digestMismatch }));
