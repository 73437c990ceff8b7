-- Puts a replica's snapshot where the fleet's observers look.
--
-- KEYS[1]  posted:    sorted set, replica -> when its snapshot expires (ms)
-- KEYS[2]  snapshots: hash, replica -> text
-- ARGV[1]  replica
-- ARGV[2]  text
-- ARGV[3]  for how long it counts (ms)
-- Returns  0

local posted, snapshots = KEYS[1], KEYS[2]
local replica, text, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])

local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)

redis.call('ZADD', posted, now + ttl, replica)
redis.call('HSET', snapshots, replica, text)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', posted, '-inf', now)) do
  redis.call('ZREM', posted, gone)
  redis.call('HDEL', snapshots, gone)
end
local last = redis.call('ZRANGE', posted, -1, -1, 'WITHSCORES')
for _, key in ipairs(KEYS) do
  redis.call('PEXPIREAT', key, last[2])
end
return 0
