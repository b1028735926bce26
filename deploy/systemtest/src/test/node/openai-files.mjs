// The official OpenAI client over files and batches.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import { apiKey, baseURL, knows, model, question, step, system } from './conversation.mjs';

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const ENDS = ['completed', 'failed', 'expired', 'cancelled'];

function line(id, body) {
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body });
}

const body = {
  model, temperature: 0, max_completion_tokens: 60,
  messages: [{ role: 'system', content: system }, { role: 'user', content: question }],
};
const lines = `${line('right', body)}\n${line('wrong', { ...body, temperature: 9 })}\n`;

let file;
await step('files', async () => {
  file = await client.files.create({ file: await toFile(Buffer.from(lines), 'lines.jsonl'), purpose: 'batch' });
  assert.equal(file.bytes, Buffer.byteLength(lines));
  assert.equal((await client.files.retrieve(file.id)).filename, 'lines.jsonl');
  const listed = [];
  for await (const each of client.files.list({ purpose: 'batch' })) {
    listed.push(each.id);
  }
  assert.ok(listed.includes(file.id));
  assert.equal(await (await client.files.content(file.id)).text(), lines);
});

await step('batch', async () => {
  let batch = await client.batches.create({
    input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { purpose: 'test' },
  });
  while (!ENDS.includes(batch.status)) {
    await new Promise((done) => { setTimeout(done, 200); });
    batch = await client.batches.retrieve(batch.id);
  }
  assert.equal(batch.status, 'completed', JSON.stringify(batch));
  assert.deepEqual({ ...batch.request_counts }, { total: 2, completed: 1, failed: 1 });
  const output = JSON.parse(await (await client.files.content(batch.output_file_id)).text());
  assert.equal(output.custom_id, 'right');
  assert.match(output.response.body.choices[0].message.content, knows);
  const errors = JSON.parse(await (await client.files.content(batch.error_file_id)).text());
  assert.equal(errors.custom_id, 'wrong');
  assert.equal(errors.response.status_code, 400);
  const listed = await client.batches.list();
  assert.ok(listed.data.some((each) => each.id === batch.id));
});

await step('delete', async () => {
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
  await assert.rejects(client.batches.create({ input_file_id: 'file-none', endpoint: '/v1/chat/completions', completion_window: '24h' }),
    (error) => error instanceof OpenAI.APIError && error.status >= 400 && error.status < 500);
});
