import { readMessage } from '@sallyport/shared/jsonrpc';
import { expect, test } from 'vitest';
import { Subscription } from '../../src/call/subscription.ts';

const NEWS = readMessage(Buffer.from('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'));
const ack = (notifications: string) =>
  readMessage(
    Buffer.from(
      `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":${notifications},"big":1.0}}`,
    ),
  );

function open(id: string, notifications = '{"toolsListChanged":true}') {
  const delivered: string[] = [];
  const request = readMessage(
    Buffer.from(
      `{"jsonrpc":"2.0","id":${id},"method":"subscriptions/listen","params":{"notifications":${notifications}}}`,
    ),
  );
  const subscription = new Subscription(request, ({ raw }) => delivered.push(raw.toString()));
  return { subscription, delivered };
}

test.each(['"listen-1"', '12345678901234567890'])('news have the id of the request as it came: %s', (id) => {
  const { subscription, delivered } = open(id);
  subscription.heard(ack('{"toolsListChanged":true}'));
  subscription.tell(NEWS);
  expect(delivered).toEqual([
    `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":${id}}}}`,
  ]);
});

test('news wait for the acknowledgement, and are told once', () => {
  const { subscription, delivered } = open('1');
  subscription.tell(NEWS);
  subscription.tell(NEWS);
  expect(delivered).toEqual([]);
  subscription.heard(ack('{}'));
  expect(delivered).toHaveLength(1);
});

test('who did not ask for news of tools is not told, nor of anything else', () => {
  for (const notifications of ['{}', '{"toolsListChanged":false}', '{"promptsListChanged":true}', '7']) {
    const { subscription, delivered } = open('1', notifications);
    const said = ack('{"promptsListChanged":true}');
    expect(subscription.heard(said)).toBe(said);
    subscription.tell(NEWS);
    expect(delivered).toEqual([]);
  }
  const { subscription, delivered } = open('1');
  subscription.heard(ack('{}'));
  subscription.tell(readMessage(Buffer.from('{"jsonrpc":"2.0","method":"notifications/other"}')));
  expect(delivered).toEqual([]);
});

test.each([
  ['{}', '{"toolsListChanged":true}'],
  ['{ }', '{"toolsListChanged":true }'],
  ['{"resourceSubscriptions":["a"]}', '{"toolsListChanged":true,"resourceSubscriptions":["a"]}'],
  ['{"x":1,"toolsListChanged":false}', '{"x":1,"toolsListChanged":true}'],
])('the acknowledgement %s of a server that sends none is %s', (said, told) => {
  const { subscription } = open('1');
  const heard = subscription.heard({
    ...ack(said),
    atAgent: { findings: [], rulesVersion: 3, withheld: '' },
  });
  expect(heard.raw.toString()).toBe(ack(told).raw.toString());
  expect(heard.atAgent?.rulesVersion).toBe(3);
  const plain = ack('{"toolsListChanged":true}');
  expect(open('1').subscription.heard(plain)).toBe(plain);
});
