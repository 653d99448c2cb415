// The official Node client on every route of files, uploads and vector stores.
// The environment has OPENAI_BASE_URL and OPENAI_API_KEY. Prints what it did, a line a step.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_HOME}/`);
const { default: OpenAI, toFile, NotFoundError, BadRequestError } = require("openai");
const client = new OpenAI({ maxRetries: 0 });
const all = async (pages) => {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
};
const ids = (list) => list.map((one) => one.id);

async function files() {
  const content = randomBytes(100_000);
  const made = [];
  for (let n = 0; n < 5; n++) {
    made.push(
      await client.files.create({
        file: await toFile(content, `é ${n}.bin`),
        purpose: "vision",
        expires_after: { anchor: "created_at", seconds: 3600 },
      }),
    );
  }
  assert.equal(made[0].filename, "é 0.bin");
  assert.equal(made[0].expires_at, made[0].created_at + 3600);
  assert.deepEqual(await client.files.retrieve(made[0].id), made[0]);
  assert.equal((await client.files.waitForProcessing(made[0].id)).id, made[0].id);
  const back = Buffer.from(await (await client.files.content(made[0].id)).arrayBuffer());
  assert.ok(back.equals(content));
  const listed = await all(client.files.list({ limit: 2, order: "asc", purpose: "vision" }));
  assert.deepEqual(ids(listed), ids(made));
  await assert.rejects(client.files.list({ limit: 0 }), BadRequestError);
  for (const one of made) assert.ok((await client.files.delete(one.id)).deleted);
  await assert.rejects(client.files.retrieve(made[0].id), NotFoundError);
  console.log("files");
}

async function uploads() {
  const asked = { filename: "a.txt", purpose: "vision", bytes: 6, mime_type: "text/plain" };
  const upload = await client.uploads.create(asked);
  const parts = [];
  for (const text of ["abc", "def"]) {
    const data = await toFile(Buffer.from(text), "part");
    parts.push(await client.uploads.parts.create(upload.id, { data }));
  }
  const done = await client.uploads.complete(upload.id, { part_ids: ids(parts) });
  assert.equal(done.status, "completed");
  assert.equal(await (await client.files.content(done.file.id)).text(), "abcdef");
  await assert.rejects(client.uploads.cancel(upload.id), BadRequestError);
  const other = await client.uploads.create(asked);
  assert.equal((await client.uploads.cancel(other.id)).status, "cancelled");
  await client.files.delete(done.file.id);
  console.log("uploads");
}

async function vectorStores() {
  const store = await client.vectorStores.create({ name: "kb", metadata: { a: "b" } });
  const inStore = { vector_store_id: store.id };
  const fast = { pollIntervalMs: 1 };
  const { files: members, fileBatches: batches } = client.vectorStores;
  const send = (name, text) => toFile(Buffer.from(text), name);
  const hours = await members.uploadAndPoll(store.id, await send("hours.md", "office hours"), fast);
  assert.equal(hours.status, "completed");
  const failed = await members.upload(store.id, await send("a.exe", "x"));
  assert.equal(failed.last_error.code, "unsupported_file");
  const file = await client.files.create({ file: await send("b.md", "prices"), purpose: "assistants" });
  await members.createAndPoll(store.id, { file_id: file.id, attributes: { n: 1 } }, fast);
  assert.equal((await members.poll(store.id, file.id, fast)).status, "completed");
  await members.update(file.id, { ...inStore, attributes: { n: 2 } });
  assert.deepEqual((await members.retrieve(file.id, inStore)).attributes, { n: 2 });
  assert.equal((await all(members.content(file.id, inStore)))[0].text, "prices");
  assert.deepEqual(ids(await all(members.list(store.id, { limit: 1 }))), [file.id, failed.id, hours.id]);
  const batch = await batches.uploadAndPoll(
    store.id,
    { files: [await send("c.md", "c"), await send("d.md", "d")], fileIds: [file.id] },
    fast,
  );
  assert.equal(batch.file_counts.completed, 3);
  assert.equal((await batches.createAndPoll(store.id, { file_ids: [file.id] }, fast)).status, "completed");
  assert.equal((await batches.retrieve(batch.id, inStore)).id, batch.id);
  assert.equal((await all(batches.listFiles(batch.id, { ...inStore, limit: 2 }))).length, 3);
  assert.equal((await batches.cancel(batch.id, inStore)).id, batch.id);
  const found = await all(client.vectorStores.search(store.id, { query: "office" }));
  assert.deepEqual(found.map((one) => one.file_id), [hours.id]);
  assert.equal((await client.vectorStores.update(store.id, { name: "kb2" })).name, "kb2");
  assert.deepEqual(ids(await all(client.vectorStores.list({ limit: 1 }))), [store.id]);
  assert.ok((await members.delete(file.id, inStore)).deleted);
  assert.ok((await client.vectorStores.delete(store.id)).deleted);
  await assert.rejects(client.vectorStores.retrieve(store.id), NotFoundError);
  console.log("vector stores");
}

await files();
await uploads();
await vectorStores();
