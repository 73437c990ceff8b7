export { type Clock, systemClock } from './kernel/clock.js'
