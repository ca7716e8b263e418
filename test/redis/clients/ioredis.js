// What ioredis does with a server: node ioredis.js PORT. A line a check.
'use strict';
const assert = require('node:assert');
const Redis = require('ioredis');

const port = Number(process.argv[2]);
const LARGE_BYTES = 8 << 20;

async function check(name, work) {
    try {
        await work();
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`not ok ${name}: ${String(error.message).split('\n')[0]}`);
    }
}

async function main() {
    const client = new Redis({ port });
    await client.flushall();
    await check('set', async () => assert.equal(await client.set('a', '1', 'EX', 100), 'OK'));
    await check('get', async () => assert.equal(await client.get('a'), '1'));
    await check('nothing', async () => assert.equal(await client.get('none'), null));
    await check('hash', async () => {
        await client.hset('h', { f: '1', g: '2' });
        assert.deepEqual(await client.hgetall('h'), { f: '1', g: '2' });
    });
    await check('sorted set', async () => {
        await client.zadd('z', 1.5, 'x', 2, 'y');
        assert.deepEqual(await client.zrange('z', 0, -1, 'WITHSCORES'), ['x', '1.5', 'y', '2']);
    });
    await check('binary', async () => {
        const bytes = Buffer.from([...Array(256).keys()]);
        await client.set(bytes, bytes);
        assert.ok(bytes.equals(await client.getBuffer(bytes)));
    });
    await check('large', async () => {
        const bytes = Buffer.alloc(LARGE_BYTES, '\r\n');
        await client.set('large', bytes);
        assert.ok(bytes.equals(await client.getBuffer('large')));
    });
    await check('pipeline', async () => {
        const pipe = client.pipeline();
        for (let i = 0; i < 2000; i++) pipe.set(`p${i}`, i).get(`p${i}`);
        const replies = await pipe.exec();
        assert.equal(replies[3999][1], '1999');
    });
    await check('transaction', async () => {
        const replies = await client.multi().set('t', 1).incr('t').lpush('t', 'x').exec();
        assert.equal(replies[1][1], 2);
        assert.match(replies[2][0].message, /WRONGTYPE/);
    });
    const other = client.duplicate();
    await check('watch', async () => {
        await client.watch('t');
        await other.set('t', 9);
        assert.equal(await client.multi().set('t', 1).exec(), null);
    });
    await check('scanStream', async () => {
        const keys = new Set();
        for await (const some of client.scanStream({ match: 'p*', count: 100 })) {
            some.forEach((key) => keys.add(key));
        }
        assert.equal(keys.size, 2000);
    });
    await check('blpop', async () => {
        const waiting = other.blpop('q', 10);
        await client.rpush('q', 'x');
        assert.deepEqual(await waiting, ['q', 'x']);
    });
    await check('pub/sub', async () => {
        const listener = client.duplicate();
        await listener.subscribe('c');
        const heard = new Promise((done) => listener.once('message', (...what) => done(what)));
        assert.equal(await client.publish('c', 'hi'), 1);
        assert.deepEqual(await heard, ['c', 'hi']);
        listener.disconnect();
    });
    await check('sharded pub/sub', async () => {
        const listener = client.duplicate();
        await listener.ssubscribe('c');
        const heard = new Promise((done) => listener.once('smessage', (...what) => done(what)));
        assert.equal(await client.spublish('c', 'hi'), 1);
        assert.deepEqual(await heard, ['c', 'hi']);
        listener.disconnect();
    });
    await check('an error', () => assert.rejects(client.lpush('a', 'x'), /WRONGTYPE/));
    await check('no command', () => assert.rejects(client.call('FOO'), /unknown command/));
    await check('reconnect', async () => {
        const number = await client.client('ID');
        await other.client('KILL', 'ID', number);
        assert.equal(await client.get('a'), '1');
    });
    client.disconnect();
    other.disconnect();
}

main();
