// LangChain over Chat Completions, or with the argument `responses` over the Responses API.
import assert from 'node:assert/strict';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import {
  apiKey, assertOrderCall, baseURL, knows, model, orderFound, orderQuestion, orderTool, question, step, system,
} from './conversation.mjs';

const responses = process.argv[2] === 'responses';
const chat = new ChatOpenAI({
  model, apiKey, temperature: 0, maxTokens: 400, maxRetries: 0, useResponsesApi: responses, configuration: { baseURL },
});
const asked = [new SystemMessage(system), new HumanMessage(question)];

let whole;
await step('invoke', async () => {
  const answer = await chat.invoke(asked);
  whole = answer.text;
  assert.match(whole, knows);
  assert.ok(answer.usage_metadata.input_tokens > 0);
});

await step('stream', async () => {
  let sum;
  for await (const chunk of await chat.stream(asked)) {
    sum = sum ? sum.concat(chunk) : chunk;
  }
  assert.equal(sum.text, whole);
  assert.ok(sum.usage_metadata.input_token_details.cache_read > 0, JSON.stringify(sum.usage_metadata));
});

await step('tools', async () => {
  const look = tool(async () => orderFound, {
    name: orderTool.name, description: orderTool.description, schema: z.object({ order_id: z.string().max(12) }),
  });
  const messages = [new SystemMessage(system), new HumanMessage(orderQuestion)];
  const call = await chat.bindTools([look], { tool_choice: orderTool.name, strict: true }).invoke(messages);
  assert.equal(call.tool_calls.length, 1);
  assertOrderCall(call.tool_calls[0].name, call.tool_calls[0].args);
  const result = await look.invoke(call.tool_calls[0]);
  assert.ok(result instanceof ToolMessage);
  const answer = await chat.bindTools([look], { tool_choice: 'none' }).invoke([...messages, call, result]);
  assert.match(answer.text, /Arza puzzle/);
});

await step('structured', async () => {
  const shape = z.object({ item: z.enum(['Ganki blanket', 'Arza puzzle']), height: z.number().int(), sure: z.boolean() });
  for (const method of ['jsonSchema', 'functionCalling']) {
    shape.parse(await chat.withStructuredOutput(shape, { name: 'fact', method }).invoke(asked));
  }
});

if (!responses) {
  await step('embeddings', async () => {
    const vectors = await new OpenAIEmbeddings({ model, apiKey, maxRetries: 0, configuration: { baseURL } }).embedDocuments([question, orderQuestion]);
    assert.equal(vectors.length, 2);
  });
}
