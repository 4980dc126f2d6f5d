// Package attribute has the attributes that several camara resources and data
// sources share, with the pure mapping between them and the api package.
package attribute
