// Receives Solatis webhooks with Express. An example to copy from; ../README.md says
// why each step is there.
//
//   solatis listen --forward localhost:3000      # its ready line shows the secret
//   SOLATIS_WEBHOOK_SECRET=whsec_… node server.js
//   solatis trigger document.analyzed
'use strict';

const { createHmac, timingSafeEqual } = require('node:crypto');
const express = require('express');

const secret = process.env.SOLATIS_WEBHOOK_SECRET;
if (!secret) {
  console.error('SOLATIS_WEBHOOK_SECRET is not set: copy the signing secret from the ready line of `solatis listen`');
  process.exit(1);
}

// True when `signature` is the one of exactly these bytes. Node joins repeated headers
// with a comma, so two signatures don't pass the first test, and neither does a
// missing one. Without that test timingSafeEqual would throw, as it wants equal lengths.
function verified(signature, body) {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  const want = createHmac('sha256', secret).update(body).digest();
  return timingSafeEqual(Buffer.from(signature, 'hex'), want);
}

// The event in a verified body, or null when there is none.
function parseEvent(body) {
  try {
    const event = JSON.parse(body);
    return typeof event?.id === 'string' && event.id ? event : null;
  } catch {
    return null;
  }
}

// Remembers the last 10,000 event ids and tells whether this one is new. It stands in
// for your database, where a unique index on the event id, written in the transaction
// that does the work, outlives a restart and is shared by all your servers.
const seen = new Set();
function isNew(id) {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > 10_000) seen.delete(seen.values().next().value); // a Set keeps the order
  return true;
}

// Does what the event asks for, after it has been answered. What still waits is lost
// when the process ends; a queue on disk, or a table, keeps it.
function work(event) {
  console.log(event.event, event.id);
}

const app = express();

// The signature covers the bytes as they came: no express.json() before this route, no
// decompression, and whatever the Content-Type.
const rawBody = express.raw({ type: () => true, inflate: false, limit: '32mb' });

app.post('/webhooks/solatis', rawBody, (req, res) => {
  const body = req.body ?? Buffer.alloc(0); // undefined when the request has no body
  if (!verified(req.headers['x-solatis-signature'], body)) {
    console.log('refused: no valid signature');
    return res.status(401).send('invalid signature\n');
  }

  const event = parseEvent(body);
  if (!event) {
    // It is signed, so it is from Solatis, and a retry would bring the same bytes: take
    // note of it rather than have it sent again.
    console.log('ignored: signed, but not an event');
    return res.send('ignored\n');
  }
  if (!isNew(event.id)) {
    console.log(event.event, event.id, 'duplicate');
    return res.send('duplicate\n');
  }
  res.send('OK\n');
  setImmediate(() => {
    try {
      work(event);
    } catch (error) {
      console.error(`${event.id} failed:`, error);
    }
  });
});

// A body that is too large, compressed or incomplete ends up here, with its status.
app.use((error, req, res, next) => {
  res.status(error.status ?? 500).send(`${error.message}\n`);
});

// Only this machine can connect, which is all that `solatis listen` needs. A deployed
// handler leaves the address out.
const server = app.listen(Number(process.env.PORT || 3000), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhooks/solatis`);
});
